import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import { createMemoryRouter, RouterProvider } from 'react-router'
import { expect, test } from 'vitest'
import type { Comparison, FirstLayer, Series } from '@/lib/api/types'
import { comparisonKey, firstLayersKey } from '@/lib/queries/keys'
import { ComparisonPage } from './ComparisonPage'

const nothing = { data: [], layout: {} }
const spread = (mean: number, range = 0, count = 2) => ({ mean, lowest: mean - range, highest: mean + range, count })

function series(label: string, changes: Partial<Series> = {}): Series {
  return {
    label,
    is_baseline: false,
    runs: [
      { id: `${label}0`, name: `${label} 0`, seed: 0, is_finished: true, last_point: 2 },
      { id: `${label}1`, name: `${label} 1`, seed: 1, is_finished: true, last_point: 2 },
    ],
    dense_test_accuracy: spread(0.95),
    test_accuracy: spread(0.9, 0.02),
    macs_density: spread(0.25),
    file_macs_density: null,
    parameters_density: spread(0.125),
    ...changes,
  }
}

function picture(caption: string): FirstLayer {
  const cells = { shape: [2], size: [2], fold: 1, is_input: true, dense: 3, has_zeros: true, counts: [1, 0], norms: [0.5, 0] }
  return { picture: { kind: 'inputs', layer: 'fc1', inputs: ['x'], ...cells }, caption, figure: nothing }
}

function show(found: Partial<Comparison>, captions: Record<string, string> = {}, address = '/comparison?run=a&run=b') {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
  for (const run of found.series?.flatMap(({ runs }) => runs) ?? []) {
    client.setQueryData(firstLayersKey(run.id, 2), captions[run.id] ? [picture(captions[run.id] ?? '')] : [])
  }
  const empty = { figure: nothing, agreement: nothing, agreement_notice: null, gate_gradients: nothing }
  const comparison: Comparison = { series: [], caveats: [], ...empty, ...found }
  client.setQueryData(comparisonKey(['a', 'b'], 'macs', 'test'), comparison)
  const router = createMemoryRouter([{ path: '/comparison', element: <ComparisonPage /> }], { initialEntries: [address] })
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>,
  )
}

test('every method stands with its mean, its range and its runs', () => {
  show({ series: [series('fisher'), series('uniform', { is_baseline: true, test_accuracy: null })] })
  const [fisher, uniform] = ['fisher', 'uniform'].map((name) => screen.getByRole('row', { name: new RegExp(`^${name}`) }))
  expect(fisher).toHaveTextContent('90.00%88.00% to 92.00%')
  const links = screen.getAllByRole('link', { name: 'seed 1' })
  expect(links.map((link) => link.getAttribute('href'))).toEqual(['/runs/fisher1', '/runs/uniform1'])
  expect(fisher).not.toHaveTextContent('baseline')
  expect(uniform).toHaveTextContent('baseline')
  expect(uniform).toHaveTextContent('none yet')
})

test('MACs that zeros still take stand beside those that are kept', () => {
  show({ series: [series('fisher'), series('zeros', { file_macs_density: spread(0.75, 0.1) })] })
  expect(screen.getByTestId('with-zeros')).toHaveTextContent('75.0% with zeros')
  expect(screen.getByRole('row', { name: /^zeros/ })).toContainElement(screen.getByTestId('with-zeros'))
})

test('a range without width is not shown', () => {
  show({ series: [series('fisher')] })
  expect(screen.getByTestId('series')).not.toHaveTextContent('25.0% to')
})

test('what keeps a comparison from being fair stands above the table', () => {
  show({ caveats: ['These runs prune different networks.', 'Add runs with the preset `uniform`.'] })
  expect(screen.getByTestId('caveats')).toHaveTextContent('These runs prune different networks.')
  expect(screen.getByText('uniform').tagName).toBe('CODE')
})

test('a fair comparison says nothing of that', () => {
  show({})
  expect(screen.queryByTestId('caveats')).toBeNull()
})

test('the agreement says which methods are not in the picture', () => {
  const figure = { data: [{}], layout: {} }
  show({ agreement: figure, agreement_notice: '`lamp2021` is not in this picture: it keeps all channels.' })
  expect(screen.getByTestId('agreement')).toHaveTextContent('0 as by chance. lamp2021 is not in this picture')
  expect(screen.getByText('lamp2021').tagName).toBe('CODE')
})

test('the noise of estimators has a panel where runs train gates, and none elsewhere', () => {
  show({})
  expect(screen.queryByTestId('gate-gradients')).toBeNull()
  show({ gate_gradients: { data: [{}], layout: {} } })
  expect(screen.getByTestId('gate-gradients')).toHaveTextContent('Estimator variance')
})

test('without runs the page says where to choose them', () => {
  show({}, {}, '/comparison')
  expect(screen.getByRole('link', { name: 'Choose runs' })).toHaveAttribute('href', '/runs')
})

test('what each method left of the first layer stands side by side, by its first seed', () => {
  show({ series: [series('fisher'), series('uniform')] }, { fisher0: 'Six are left.', fisher1: 'Five are left.', uniform0: 'All.' })
  const panel = screen.getByTestId('first-layers')
  expect(panel).toHaveTextContent('fisher, seed 0Six are left.uniform, seed 0All.')
  expect(panel).not.toHaveTextContent('Five')
})

test('where nothing can be drawn of any first layer there is no panel', () => {
  show({ series: [series('fisher')] })
  expect(screen.queryByTestId('first-layers')).not.toBeInTheDocument()
})
