import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import type { Run } from '@/lib/api/types'
import { LastCheckpoint } from './LastCheckpoint'

const failed = (code: string) => ({ code, message: '', hint: null }) as unknown as Run['error']

test.each([
  ['diverged', 5, true],
  ['diverged', 0, false],
  ['out_of_memory', 5, false],
] as const)('a run that ended with %s after %i steps has a last good checkpoint: %s', (code, step, isThere) => {
  render(
    <MantineProvider env="test">
      <LastCheckpoint run={{ id: 'r', step, error: failed(code) }} />
    </MantineProvider>,
  )
  expect(screen.queryAllByRole('link')).toHaveLength(isThere ? 1 : 0)
})
