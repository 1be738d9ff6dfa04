export { readOwnerKey } from './api/safety/keys-owner.js'
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
export { createMemoryLimiter } from './crawl/limiter/memory-limiter.js'
export { createRedisLimiter } from './crawl/limiter/redis-limiter.js'
export { type RunningWorker, startWorker, type WorkerOptions } from './crawl/worker/worker.js'
export { ChangeLog } from './search/change-log.js'
export { searchBody } from './search/search-body.js'
export { type RunningServer, type ServerClock, startServer } from './server.js'
export { settingsPage } from './settings-page.js'
export { type Owner, readOwner } from './store/engine/directory-lock.js'
