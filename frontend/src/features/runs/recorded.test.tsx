import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import type { FigureData } from '@/components/figure/template'
import type { PointEntry, Run } from '@/lib/api/types'
import { pointsKey, runFigureKey } from '@/lib/queries/keys'
import { GatesPanel } from './GatesPanel'
import { QualityPanels } from './QualityPanels'
import { ScoresPanel } from './ScoresPanel'

vi.mock('plotly.js-cartesian-dist-min', () => {
  const react = (element: object) => Promise.resolve(Object.assign(element, { removeAllListeners: vi.fn(), on: vi.fn() }))
  return { default: { react, purge: vi.fn() } }
})

const NOTHING: FigureData = { data: [], layout: {} }
const GATES: FigureData = { data: [{ meta: 'conv1' }, { meta: 'fc1' }], layout: {} }
const SCORES: FigureData = { data: [{}], layout: { yaxis: { ticktext: ['conv1', 'fc1'] } } }
const RUN = { id: 'r1', recipe: { prune: { schedule: { kind: 'greedy' } } } } as Run

function show(figures: { name: string; options?: object; figure: FigureData }[], points = 0) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
  figures.forEach(({ name, options, figure }) => client.setQueryData(runFigureKey('r1', name, options), figure))
  const entries = Array.from({ length: points }, (_, index) => ({ point: { index } }) as PointEntry)
  client.setQueryData(pointsKey('r1'), entries)
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <ScoresPanel run={RUN} />
        <GatesPanel run={RUN} />
      </QueryClientProvider>
    </MantineProvider>,
  )
}

test('runs from before anything was recorded show neither panel', () => {
  show([
    { name: 'scores', figure: NOTHING },
    { name: 'gates', figure: NOTHING },
  ])
  expect(screen.queryByTestId('scores')).toBeNull()
  expect(screen.queryByTestId('gates')).toBeNull()
})

test('one layer of many can be looked at alone', async () => {
  show([
    { name: 'scores', figure: NOTHING },
    { name: 'gates', figure: GATES },
    { name: 'gates', options: { layer: 'fc1' }, figure: GATES },
  ])
  const select = screen.getByRole('combobox', { name: 'Gates of' })
  await userEvent.click(select)
  await userEvent.click(await screen.findByRole('option', { name: 'fc1' }))
  expect(select).toHaveValue('fc1')
})

test('scores of every point but the dense one can be chosen, and one without any says so', async () => {
  const point = { name: 'scores', options: { point: 1 }, figure: NOTHING }
  show([{ name: 'scores', figure: SCORES }, point, { name: 'gates', figure: NOTHING }], 3)
  expect(screen.getByTestId('scores')).toHaveTextContent('the last removal before the point')
  await userEvent.click(screen.getByRole('combobox', { name: 'Scores of' }))
  const options = await screen.findAllByRole('option')
  expect(options.map((option) => option.textContent)).toEqual(['Last point', 'Point 1', 'Point 2'])
  await userEvent.click(screen.getByRole('option', { name: 'Point 1' }))
  expect(screen.getByTestId('scores')).toHaveTextContent('Nothing had to go before this point')
})

test.each([
  [true, 'Accuracy lost by each removal', 'Above: straight before minus straight after each removal'],
  [false, 'Accuracy lost by the removals of each point', 'measure_removals tells each removal'],
])('what a run measured of its removals has a heading of its own (measured: %s)', async (isMeasured, title, help) => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
  client.setQueryData(runFigureKey('r1', 'instability', {}), { data: [{}], layout: {} })
  client.setQueryData(runFigureKey('r1', 'calibration', {}), NOTHING)
  const run = { id: 'r1', recipe: { prune: { measure_removals: isMeasured } } } as Run
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <QualityPanels run={run} />
      </QueryClientProvider>
    </MantineProvider>,
  )
  expect(screen.getByRole('heading', { name: title })).toBeInTheDocument()
  expect(screen.getByText(new RegExp(help))).toBeInTheDocument()
  expect(await screen.findByRole('img', { name: title })).toBeInTheDocument()
})
