import type { EntitySet, Property } from './entity-set.js'

/** Namespace of all types, and name of the container of all sets. */
export const namespace = 'Barkeep'
const container = 'Container'

/** The model as CSDL XML 4.0. */
export function csdlXml(sets: readonly EntitySet[]): string {
  const types = sets.map(({ name, key, properties }) => {
    const keys = key.map((one) => `<PropertyRef Name="${one}"/>`).join('')
    return `<EntityType Name="${name}"><Key>${keys}</Key>${properties.map(propertyXml).join('')}</EntityType>`
  })
  const members = sets.map(({ name }) => `<EntitySet Name="${name}" EntityType="${namespace}.${name}"/>`)
  return `<?xml version="1.0" encoding="UTF-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices><Schema Namespace="${namespace}" xmlns="http://docs.oasis-open.org/odata/ns/edm">
${[...types, `<EntityContainer Name="${container}">${members.join('')}</EntityContainer>`].join('\n')}
</Schema></edmx:DataServices></edmx:Edmx>
`
}

/** Names are identifiers of OData, which hold nothing that XML would have to escape. */
function propertyXml({ name, type, nullable, precision }: Property): string {
  const facets = `${nullable ? '' : ' Nullable="false"'}${precision === undefined ? '' : ` Precision="${precision}"`}`
  return `<Property Name="${name}" Type="${type}"${facets}/>`
}

/** The same as CSDL JSON 4.01. */
export function csdlJson(sets: readonly EntitySet[]): object {
  const types = sets.map(({ name, key, properties }) => [
    name,
    {
      $Kind: 'EntityType',
      $Key: key,
      ...Object.fromEntries(
        properties.map(({ name: property, type, nullable, precision }) => [
          property,
          {
            ...(type !== 'Edm.String' && { $Type: type }),
            ...(nullable && { $Nullable: true }),
            ...(precision !== undefined && { $Precision: precision }),
          },
        ]),
      ),
    },
  ])
  const members = sets.map(({ name }) => [name, { $Collection: true, $Type: `${namespace}.${name}` }])
  return {
    $Version: '4.01',
    $EntityContainer: `${namespace}.${container}`,
    [namespace]: {
      ...Object.fromEntries(types),
      [container]: { $Kind: 'EntityContainer', ...Object.fromEntries(members) },
    },
  }
}
