import { barColumns } from '@barkeep/core'
import type { FileFormat } from './format.js'

/** Formats that need no declaration. */
export const shippedFormats: readonly FileFormat[] = [
  {
    id: 'taiwan-daily',
    title: 'Daily bars of Taiwan, one headerless CSV per code, ROC dates',
    kind: 'csv',
    path: ['{symbol}.csv'],
    header: false,
    columns: ['ts', 'open', 'high', 'low', 'close', 'volume', 'turnover', 'change', 'trades'],
    dateStyle: 'roc',
    interval: '1d',
    exchange: 'TWSE',
    noTrade: ['--', '---'],
  },
  {
    id: 'lean',
    title: 'QuantConnect Lean, trades of US equities (minute, hour, daily)',
    kind: 'csv',
    path: ['{interval}/{symbol}/{date}_trade.zip', '{interval}/{symbol}.zip'],
    header: false,
    columns: ['ts', 'open', 'high', 'low', 'close', 'volume'],
    dateStyle: { '1m': 'ms-of-day', '1h': 'compact', '1d': 'compact' },
    exchange: 'US',
    symbolCase: 'upper',
    priceScale: 10_000,
    clampToSession: true,
  },
  {
    id: 'yahoo-csv',
    title: 'Yahoo Finance download, daily; prices adjusted for splits by Yahoo, Adj Close left out',
    kind: 'csv',
    path: ['{symbol}.csv'],
    header: true,
    columns: { ts: 'Date', open: 'Open', high: 'High', low: 'Low', close: 'Close', volume: 'Volume' },
    dateStyle: 'iso',
    interval: '1d',
    exchange: 'US',
    suffixes: { '.TW': 'TWSE', '.TWO': 'TPEX' },
    priceDigits: 7,
    noTrade: ['null'],
  },
  {
    id: 'generic',
    title: "Barkeep's own columns, CSV with a header, NDJSON or Parquet",
    kind: 'by-extension',
    path: ['*.csv', '*.ndjson', '*.jsonl', '*.parquet', '*.zip'],
    header: true,
    columns: barColumns,
    dateStyle: 'iso',
  },
]
