export { readOwnerKey } from './api/keys-owner.js'
export {
  type Config,
  type ConfigSources,
  connectorSettings,
  environmentName,
  loadConfig,
  type SettingKey,
  settings,
  shownSetting,
} from './config.js'
export { type RunningWorker, startWorker, type WorkerOptions } from './crawl/worker.js'
export { type RunningServer, startServer } from './server.js'
export { settingsPage } from './settings-page.js'
export { type Owner, readOwner } from './store/directory-lock.js'
