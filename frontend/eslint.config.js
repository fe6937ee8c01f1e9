import js from '@eslint/js'
import hooks from 'eslint-plugin-react-hooks'
import globals from 'globals'
import tseslint from 'typescript-eslint'

const DOWN = 'Imports point down: app -> features -> components, lib.'
const forbid = (...group) => ['error', { patterns: [{ group, message: DOWN }] }]

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'src/lib/api/schema.d.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: globals.node },
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'react-hooks': hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      'max-lines': ['error', { max: 250 }],
      'max-lines-per-function': ['error', { max: 80 }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  { files: ['src/lib/**'], rules: { 'no-restricted-imports': forbid('@/app/**', '@/features/**', '@/components/**') } },
  { files: ['src/components/**'], rules: { 'no-restricted-imports': forbid('@/app/**', '@/features/**') } },
  // A feature is one flat folder: it may import its own files (./) and the floors below, never another feature.
  { files: ['src/features/**'], rules: { 'no-restricted-imports': forbid('@/app/**', '@/features/**', '../**') } },
  { files: ['src/**/*.test.{ts,tsx}'], rules: { 'max-lines-per-function': 'off' } },
)
