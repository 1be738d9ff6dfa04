export interface ServedPage {
  readonly url: string
  close(): void
}
export function servePage(file: string, target: string, port?: number): Promise<ServedPage>
