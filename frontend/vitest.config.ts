// Test runner settings: a DOM for every test, and tests beside the files they cover.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    restoreMocks: true,
    setupFiles: ['src/testing/english.ts'],
  },
});
