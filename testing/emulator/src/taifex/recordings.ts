import { join } from 'node:path'
import { type Recordings, recordedPages } from '../recorded/recordings.js'

/** What was recorded of the futures exchange, by the form that each body answers. */
export function taifexRecordings(folder: string): Recordings {
  const asked = (path: string, date: string) =>
    `/cht/3/${path}?down_type=1&queryStartDate=${date}&queryEndDate=${date}&commodity_id=all`
  return recordedPages(join(folder, 'node-twstock'), [
    { question: asked('futDataDown', '2023/01/30'), file: 'taifex-futures-historical.csv', form: 'csv' },
    { question: asked('futDataDown', '2024/07/29'), file: 'taifex-futures-historical-20240729.csv', form: 'csv' },
    { question: asked('futDataDown', '2023/01/01'), file: 'taifex-futures-historical-no-data.csv', form: 'csv' },
    { question: asked('optDataDown', '2023/01/30'), file: 'taifex-options-historical.csv', form: 'csv' },
    { question: asked('optDataDown', '2023/01/01'), file: 'taifex-options-historical-no-data.csv', form: 'csv' },
  ])
}
