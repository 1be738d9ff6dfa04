#!/usr/bin/env node
// Each query of the embedded engine holds one of libuv's threads, of which Node starts four unless told otherwise
// before the first is used; the ES module loader already uses them, hence this small CommonJS door.
process.env.UV_THREADPOOL_SIZE ??= '32'
import('../dist/main.js')
