import { shippedConnectors } from '@barkeep/connectors'
import { connectorSettings, environmentName, type SettingKey, settings } from './config.js'

/** The reference page of settings, docs/reference/settings.md, out of their table. */
export function settingsPage(): string {
  const rows = (Object.keys(settings) as SettingKey[]).map((key) => {
    const { default: fallback, help } = settings[key]
    return `### ${key}\n\n${help}\n\nDefault \`${fallback === '' ? '(empty)' : fallback}\`. In the environment \`${environmentName(key)}\`.\n`
  })
  const connectors = connectorSettings.map((key) => `| \`${key}\` | \`${environmentName(key)}\` |`)
  const own = shippedConnectors.flatMap(({ id, settings: theirs = [] }) =>
    theirs
      .filter(({ isShared = false }) => !isShared)
      .map(({ name, help }) => `| \`connectors.${id}.${name}\` | ${help} |`),
  )
  return `# Settings

A setting is a flag of every command (\`--api.rowsPerPage 500\`), a variable of the environment, or a key of
\`barkeep.config.json\` in the working directory; the first of these that is there counts. \`barkeep config\` prints the
values in force. Flags with a dot can be written with a hyphen too: \`--store-url\`.

## The server

${rows.join('\n')}
## Connectors

\`baseUrl\` replaces scheme and host of every request, \`limits\` are JSON such as \`[{"requests": 3, "perMs": 5000}]\`, and
\`credentials\` are accounts with their values, such as \`{"main": {"token": "…"}}\`; a single value has a key of its own.
\`live\` is what the server listens to, such as \`{"instruments": ["TWSE:2330"], "topics": ["kmin"]}\`; all topics unless named.

| setting | in the environment |
| --- | --- |
${connectors.join('\n')}

Some connectors have settings of their own:

| setting | meaning |
| --- | --- |
${own.join('\n')}

## Import formats

\`formats\` in \`barkeep.config.json\` declares import formats; see the page of the file connector.

## Markets and sources

\`markets\` declares markets that are kept whole and fresh, \`sources\` which source of a bar is kept: docs/guide/markets.md.
`
}
