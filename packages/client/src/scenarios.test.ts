import { testClient } from './client.contract.js'
import { runScenario } from './scenarios.contract.js'

testClient(runScenario)
