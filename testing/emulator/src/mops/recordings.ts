import { join } from 'node:path'
import { type Recordings, recordedPages } from '../recorded/recordings.js'

/**
 * What was recorded of MOPS, by the question that each body answers. Two further pages said of January 2024 that there
 * was nothing yet; they were true for a while, and are not served.
 */
export function mopsRecordings(folder: string): Recordings {
  return recordedPages(join(folder, 'node-twstock'), [
    { question: '/nas/t21/sii/t21sc03_112_1_0.html', file: 'mops-twse-stocks-revenue.html', form: 'html' },
    { question: '/nas/t21/otc/t21sc03_112_1_0.html', file: 'mops-tpex-stocks-revenue.html', form: 'html' },
  ])
}
