import { describe } from 'vitest'
import { addingContract } from './queue-adding.contract.js'
import { endsContract } from './queue-ends.contract.js'
import { sharedPageContract } from './queue-shared-page.contract.js'
import { survivalContract } from './queue-survival.contract.js'
import { queueWorld, type TaskQueueRig } from './queue-world.contract.js'

/** What every queue does, whatever it stands on. `open` gives a new, empty one. */
export function taskQueueContract(name: string, open: () => Promise<TaskQueueRig>): void {
  describe(`${name}: a queue`, () => {
    const world = queueWorld(open)
    addingContract(world)
    sharedPageContract(world)
    endsContract(world)
    survivalContract(world)
  })
}
