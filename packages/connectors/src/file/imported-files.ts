import type { DatasetDeclaration } from '@barkeep/core'

/** What was read of each file, so that a crawl passes over those that have not changed since. */
export const importedFiles: DatasetDeclaration = {
  name: 'imported_files',
  title: 'Files that the file connector has read to their end',
  licence: null,
  source: 'The connector file',
  key: ['file'],
  columns: [
    { name: 'file', type: 'string', nullable: false, title: 'Name of the folder, then the path within it' },
    { name: 'version', type: 'string', nullable: false, title: 'Bytes, time of change and how it was read' },
    { name: 'start', type: 'date', nullable: true, title: 'First session date that was wanted; null: all' },
    { name: 'end', type: 'date', nullable: true, title: 'First session date that was not wanted; null: all' },
    { name: 'interval', type: 'string', nullable: false },
    { name: 'bytes', type: 'integer', nullable: false },
    { name: 'lines', type: 'integer', nullable: false },
    { name: 'kept', type: 'integer', nullable: false },
    {
      name: 'refused',
      type: 'integer',
      nullable: false,
      title: 'Those that only say that there was no trade included',
    },
    { name: 'read', type: 'instant', nullable: false, title: 'When its end was read' },
  ],
}
