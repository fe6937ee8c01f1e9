import react from '@vitejs/plugin-react'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const api = process.env.SECATEUR_API ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir: fileURLToPath(new URL('../backend/api/static', import.meta.url)),
    emptyOutDir: true,
    chunkSizeWarningLimit: 1600, // plotly is one chunk, loaded with the first figure
  },
  server: { proxy: { '/api': api, '/docs': api, '/openapi.json': api } },
  test: { environment: 'jsdom', setupFiles: ['src/test/setup.ts'], css: false, testTimeout: 20_000 },
})
