import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import { MemoryRouter } from 'react-router'
import { expect, test } from 'vitest'
import type { Series } from '@/lib/api/types'
import { SeriesTable } from './SeriesTable'

const spread = (mean: number) => ({ mean, lowest: mean, highest: mean, count: 1 })
const ZEROS = {
  label: 'zeros',
  is_baseline: false,
  runs: [{ id: 'r', name: 'zeros', seed: 0, is_finished: true, last_point: 1 }],
  dense_test_accuracy: spread(0.95),
  test_accuracy: spread(0.9),
  macs_density: spread(0.25),
  file_macs_density: spread(1),
  parameters_density: spread(0.125),
}

function show(changes: Partial<Series> = {}) {
  render(
    <MantineProvider env="test">
      <MemoryRouter>
        <SeriesTable series={[{ ...ZEROS, ...changes }]} />
      </MemoryRouter>
    </MantineProvider>,
  )
}

/** Cells of the method that no screen is too narrow for. */
function cellsEverywhere() {
  return screen.getAllByRole('cell').filter((cell) => !cell.className.includes('visible-from'))
}

test('what was kept stands beside the accuracy on every screen, with zeros where they are only zeroed', () => {
  show()
  const [, accuracy, size] = cellsEverywhere()
  expect(accuracy).toHaveTextContent('90.00%')
  expect(size).toHaveTextContent('25.0%100.0% with zeros12.5% of parameters')
})

test('a method without a pruned point has no sizes either', () => {
  show({ test_accuracy: null, macs_density: null, file_macs_density: null, parameters_density: null })
  expect(cellsEverywhere().map((cell) => cell.textContent)).toEqual(['zerosseed 0', 'none yet', 'none yet'])
})
