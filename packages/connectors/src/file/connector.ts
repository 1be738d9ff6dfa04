import { BarkeepError, type CrawlRequest, type KeptInterval, shorten } from '@barkeep/core'
import { defineConnector } from '../define-connector.js'
import { didYouMean } from './check-format.js'
import { filePage } from './file-page.js'
import { type FolderPageParams, folderPage } from './folder-page.js'
import { folderSettings, settingsOf } from './folders.js'
import { importedFiles } from './imported-files.js'

export const file = defineConnector({
  id: 'file',
  title: 'Files of folders on the machine of the server',
  homepage: 'packages/connectors/src/file/README.md',
  isLocal: true,
  limits: [],
  settings: folderSettings,
  credentials: [],
  datasets: [importedFiles],
  handlers: { folder: folderPage, file: filePage },
  crawls: {
    'daily-bars': folderPlan('Daily bars of all files that changed, 5,000 lines a page', '1d'),
    'hour-bars': folderPlan('Hours of all files that changed, 5,000 lines a page', '1h'),
    'minute-bars': folderPlan('Minutes of all files that changed, 5,000 lines a page', '1m'),
  },
})

function folderPlan(title: string, interval: KeptInterval) {
  return {
    title,
    of: interval,
    // What files have is not known before they are read, so nothing that is missing can be asked of them.
    exchanges: [],
    per: 'query',
    since: null,
    options: {
      folder: 'the name of one of connectors.file.folders; all of them unless told',
      again: 'yes reads files as well that have not changed since they were read',
    },
    bytesPerPage: 1_000_000,
    handler: 'folder',
    params: (request: CrawlRequest) => foldersOf(request, interval),
  } as const
}

function* foldersOf(
  { options, settings, start, end }: CrawlRequest,
  interval: KeptInterval,
): Generator<FolderPageParams> {
  const { folders, find } = settingsOf((name) => settings?.[name])
  const names = [...folders.keys()]
  if (names.length === 0) {
    throw new BarkeepError('INVALID_SETTING', {
      message:
        'connectors.file.folders names no folder. Declare one in barkeep.config.json: {"connectors": {"file": {"folders": {"broker": {"path": "/data/broker", "format": "generic", "interval": "1m"}}}}}.',
    })
  }
  const { folder: wanted } = options
  if (wanted !== undefined && !folders.has(wanted)) {
    const message = `options.folder: there is no folder '${shorten(wanted, 40)}'.${didYouMean(wanted, names) || ` There are ${names.join(', ')}.`}`
    throw new BarkeepError('INVALID_PARAMETER', {
      message,
      errors: [{ code: 'INVALID_PARAMETER', message, parameter: 'options.folder' }],
    })
  }
  for (const folder of wanted === undefined ? names : [wanted]) {
    // A format that is none fails the order, and not a task of it.
    find(folder)
    yield { folder, interval, start, end, again: options.again === 'yes', after: '' }
  }
}
