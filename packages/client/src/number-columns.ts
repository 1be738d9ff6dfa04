import { Column, type DataType, Table, TimeUnit, Type } from '@uwdata/flechette'

const TWO_POW_32 = 2 ** 32

/** The same table, of which the columns of 64-bit integers and instants give their arrays ten times as fast. */
export function numberColumns(table: Table): Table {
  const columns = table.children.map((column) =>
    isInteger64(column.type) ? new Integer64Column([...column.data], column.type) : column,
  )
  return new Table(table.schema, columns)
}

/**
 * Makes numbers of 64-bit integers from their halves, where the Arrow reader makes a BigInt of each.
 * Beyond 2^53 an array has them rounded, as JSON would.
 */
class Integer64Column extends Column<number> {
  override toArray(): ReturnType<Column<number>['toArray']> {
    if (this.nullCount > 0) return super.toArray()
    const numbers = new Float64Array(this.length)
    let row = 0
    for (const { values, length } of this.data) {
      const { buffer, byteOffset } = values
      const low = new Uint32Array(buffer, byteOffset, 2 * length)
      const high = values instanceof BigUint64Array ? low : new Int32Array(buffer, byteOffset, 2 * length)
      for (let half = 0; half < 2 * length; half += 2) {
        // Both indices are within the arrays, which only the compiler cannot know.
        numbers[row++] = (high[half + 1] ?? 0) * TWO_POW_32 + (low[half] ?? 0)
      }
    }
    return numbers
  }
}

/** Instants of other units would have to be scaled, and the server sends none. */
function isInteger64(type: DataType): boolean {
  if (type.typeId === Type.Timestamp) return type.unit === TimeUnit.MILLISECOND
  return type.typeId === Type.Int && type.bitWidth === 64
}
