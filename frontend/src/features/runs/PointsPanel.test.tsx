import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { MemoryRouter } from 'react-router'
import { beforeEach, expect, test } from 'vitest'
import type { PointEntry } from '@/lib/api/types'
import { pointsKey } from '@/lib/queries/keys'
import { PointsPanel } from './PointsPanel'
import { SelectedPoint } from './SelectedPoint'

function entry(index: number): PointEntry {
  const sha256 = '0'.repeat(64)
  return {
    point: {
      index,
      step: index * 10,
      sparsity: index / 4,
      macs: 6000 - index,
      parameters: 862,
      widths: [4, 2],
      dense_accuracy: 0.9,
      pruned_accuracy: 0.7,
      retrained_accuracy: 0.88,
      retrained_loss: 0.3,
      test_accuracy: 0.8712,
      test_loss: 0.4,
      is_target: index === 1,
    },
    macs_density: 0.5,
    parameters_density: 0.25,
    compression_ratio: 4,
    notice: null,
    dead_notice: null,
    collapse_notice: null,
    keeps_shapes: false,
    instability: 0.2,
    relative_instability: 0.25,
    removals: null,
    removals_notice: null,
    worst_classes: [],
    theoretical_speedup: 2,
    dense_macs: 12000,
    dense_parameters: 3448,
    formats: [],
    latency: { standing: 'absent', report: null, error: null },
    files: [
      { name: 'model.safetensors', size: 431080, sha256 },
      { name: 'model.py', size: 3120, sha256 },
    ],
  }
}

beforeEach(() => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
  client.setQueryData(pointsKey('r1'), [entry(0), entry(1)])
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <MemoryRouter initialEntries={['/runs/r1?point=1']}>
          <PointsPanel id="r1" />
          <SelectedPoint id="r1" index={1} onClose={() => undefined} />
        </MemoryRouter>
      </QueryClientProvider>
    </MantineProvider>,
  )
})

test('a row shows all three validation accuracies, the test accuracy and what is kept', () => {
  const row = screen.getAllByTestId('point-row')[1]
  expect(row).toHaveTextContent('90.00%70.00%88.00%87.12%')
  expect(row).toHaveTextContent('50.0%')
})

test('the point in the address is marked', () => {
  const [first, second] = screen.getAllByTestId('point-row')
  expect(first).toHaveAttribute('aria-selected', 'false')
  expect(second).toHaveAttribute('aria-selected', 'true')
  expect(within(screen.getByTestId('selected-point')).getByText(/87.12% test accuracy/)).toBeInTheDocument()
})

test('every file of a point can be fetched alone, and all of them as one zip', async () => {
  const [zip] = screen.getAllByRole('link', { name: 'Download point 1 as zip' })
  expect(zip).toHaveAttribute('href', '/api/runs/r1/points/1/bundle.zip')
  const [menu] = screen.getAllByRole('button', { name: 'Files of point 1' })
  if (menu) await userEvent.click(menu)
  const file = await screen.findByRole('menuitem', { name: /model\.py/ })
  expect(file).toHaveAttribute('href', '/api/runs/r1/points/1/files/model.py')
})
