import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import { MemoryRouter } from 'react-router'
import { expect, test } from 'vitest'
import type { RunSummary } from '@/lib/api/types'
import { RunTable } from './RunTable'

const DENSE = { index: 0, test_accuracy: 0.9276, macs_density: 1, file_macs_density: null }
const RUN = { kind: 'prune', name: 'lenet5, fisher', state: 'failed', model_name: 'lenet5', dataset_title: 'Digits', seed: 0, progress: 0.1 }

/** Runs of one name, which differ in these fields. */
function show(...runs: object[]) {
  const rows = runs.map((changes, index) => ({ ...RUN, id: `r${index}`, result: null, ...changes }) as RunSummary)
  render(
    <MantineProvider env="test">
      <MemoryRouter>
        <RunTable runs={rows} picked={[]} onPick={() => undefined} />
      </MemoryRouter>
    </MantineProvider>,
  )
  return screen.getAllByTestId('run-row')
}

test('the dense network is not the result of a run that pruned nothing, and is that of a sample training', () => {
  const [failed, sample] = show({ result: DENSE }, { kind: 'sample', result: DENSE })
  expect(failed).not.toHaveTextContent('92.76%')
  expect(failed).not.toHaveTextContent('100.0%')
  expect(failed).toHaveTextContent('––')
  expect(sample).toHaveTextContent('92.76%')
})

test('runs that differ in their seed alone can be told apart', () => {
  const [first, second] = show({ seed: 0 }, { seed: 1 })
  expect(first).toHaveTextContent('lenet5 · Digits · seed 0')
  expect(second).toHaveTextContent('lenet5 · Digits · seed 1')
})

test('a narrow screen has no column for accuracy and size: both stand below the name', () => {
  const [row] = show({ result: { index: 4, test_accuracy: 0.9, macs_density: 0.25, file_macs_density: 0.75 } })
  expect(screen.getAllByTestId('narrow-result')).toHaveLength(1)
  expect(row).toContainElement(screen.getByTestId('narrow-result'))
  expect(screen.getByTestId('narrow-result')).toHaveTextContent('90.00% test accuracy, 25.0% of MACs75.0% with zeros')
})
