export { type Config, type ConfigSources, environmentName, loadConfig, type SettingKey, settings } from './config.js'
export { type RunningServer, startServer } from './server.js'
export { type Owner, readOwner } from './store/directory-lock.js'
