import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'
import { sentences } from './build/sentences.ts'
import { singleFile } from './build/single-file.ts'

export default defineConfig({
  plugins: [sentences(), svelte(), singleFile()],
  build: {
    target: 'es2023',
    outDir: 'dist',
    emptyOutDir: true,
    cssCodeSplit: false,
    modulePreload: false,
    assetsInlineLimit: 1_000_000,
    rolldownOptions: { input: 'viewer.html' },
  },
})
