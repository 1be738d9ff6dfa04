import type { DatasetDeclaration } from '@barkeep/core'

export const snapshotsDataset = 'shioaji_snapshots'
export const ticksDataset = 'shioaji_ticks'
export const usageDataset = 'shioaji_usage'

const source = 'https://sinotrade.github.io/'
const licence = null
const figures = (...names: readonly string[]) =>
  names.map((name) => ({ name, type: 'number' as const, nullable: true }))

export const datasets: readonly DatasetDeclaration[] = [
  {
    name: snapshotsDataset,
    title: 'Shioaji: how instruments stood when they were asked for',
    licence,
    source,
    key: ['instrument', 'time'],
    columns: [
      { name: 'instrument', type: 'string', nullable: false },
      { name: 'time', type: 'instant', nullable: false, title: 'Of the last match' },
      ...figures('open', 'high', 'low', 'close', 'total_volume_lots', 'total_amount', 'bid', 'ask'),
    ],
  },
  {
    name: ticksDataset,
    title: 'Shioaji: matches of a session',
    licence,
    source,
    key: ['instrument', 'date', 'number'],
    columns: [
      { name: 'instrument', type: 'string', nullable: false },
      { name: 'date', type: 'date', nullable: false, title: 'Session date' },
      { name: 'number', type: 'integer', nullable: false, title: 'Place in the session, from 1' },
      { name: 'time', type: 'instant', nullable: false },
      ...figures('price', 'volume_lots', 'bid', 'bid_lots', 'ask', 'ask_lots'),
      { name: 'side', type: 'string', nullable: true, title: 'Matched at the ask or at the bid; null where not told' },
    ],
  },
  {
    name: usageDataset,
    title: 'Shioaji: bytes that the account has used of its day',
    licence,
    source,
    key: ['asked'],
    columns: [
      { name: 'asked', type: 'instant', nullable: false },
      { name: 'connections', type: 'integer', nullable: false },
      { name: 'bytes', type: 'integer', nullable: false },
      { name: 'limit_bytes', type: 'integer', nullable: false },
    ],
  },
]
