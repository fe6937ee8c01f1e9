import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { fireEvent, render, screen, waitFor } from '@testing-library/react'
import { MemoryRouter } from 'react-router'
import { beforeEach, expect, test } from 'vitest'
import type { Dataset, ModelEntry, Preset } from '@/lib/api/types'
import { datasetsKey, modelsKey, presetsKey, recipeSchemaKey, runKey } from '@/lib/queries/keys'
import { NewRunPage } from './NewRunPage'
import { placeOf } from './useSavedDraft'

beforeEach(() => sessionStorage.clear())

const RECIPE = { seed: 5 }
const OTHER = { name: 'other', title: 'Other', recipe: { seed: 0, retrain: { epochs: 9 } } } as unknown as Preset
const RUN = { id: 'r1', state: 'completed', name: 'first try', recipe: RECIPE, model_id: 'm1', dataset_id: 'd1' }

function show(address: string) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } })
  client.setQueryData(runKey('r1'), RUN)
  client.setQueryData(modelsKey, ['m1', 'm2'].map((id) => ({ id, name: `model ${id}`, state: 'ready' }) as ModelEntry))
  client.setQueryData(datasetsKey, [{ id: 'd1', title: 'data d1', state: 'ready' } as Dataset])
  client.setQueryData(presetsKey, [OTHER])
  client.setQueryData(recipeSchemaKey, { type: 'object', properties: {} })
  for (const model of ['m1', 'm2']) client.setQueryData(['recipe-check', RECIPE, model, 'd1'], { problems: [], notices: [] })
  return render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <MemoryRouter initialEntries={[address]}>
          <NewRunPage />
        </MemoryRouter>
      </QueryClientProvider>
    </MantineProvider>,
  )
}

test.each([
  ['/runs/new?from=r1', 'model m1'],
  ['/runs/new?from=r1&model=m2', 'model m2'],
])('%s begins with the name, the network and the data of that run, unless the address names others', (address, model) => {
  show(address)
  expect(screen.getByRole('textbox', { name: 'Name' })).toHaveValue('first try')
  expect(screen.getByRole('combobox', { name: 'Model' })).toHaveValue(model)
  expect(screen.getByRole('combobox', { name: 'Data' })).toHaveValue('data d1')
})

test('a draft is kept with its entry of the history, and is there again after a reload', async () => {
  const page = show('/runs/new?from=r1')
  fireEvent.change(screen.getByRole('textbox', { name: 'Name' }), { target: { value: 'half done' } })
  fireEvent.click(screen.getByTestId('preset-other'))
  await waitFor(() => expect(sessionStorage.getItem(placeOf({ key: 'default', search: '?from=r1' }))).toContain('half done'))
  page.unmount()
  show('/runs/new?from=r1')
  expect(screen.getByRole('textbox', { name: 'Name' })).toHaveValue('half done')
  expect(screen.getByTestId('preset-other')).toHaveAttribute('data-checked', 'true')
})

test('a recipe that cannot be read is not started, and can be mended', () => {
  show('/runs/new?from=r1')
  fireEvent.click(screen.getByTestId('edit-recipe'))
  fireEvent.click(screen.getByRole('radio', { name: 'JSON', hidden: true }))
  expect(screen.getByTestId('start-run')).toBeEnabled()
  fireEvent.change(screen.getByTestId('recipe-json'), { target: { value: '{"seed": bro' } })
  expect(screen.getByTestId('start-run')).toBeDisabled()
  expect(screen.getByText(/cannot be read: mend it/)).toBeInTheDocument()
  fireEvent.click(screen.getByRole('radio', { name: 'Form', hidden: true }))
  expect(screen.getByTestId('start-run')).toBeEnabled()
})

test('the text of a recipe follows what is changed elsewhere', () => {
  show('/runs/new?from=r1')
  fireEvent.click(screen.getByTestId('edit-recipe'))
  fireEvent.click(screen.getByRole('radio', { name: 'JSON', hidden: true }))
  fireEvent.click(screen.getByTestId('preset-other'))
  const text = screen.getByTestId<HTMLTextAreaElement>('recipe-json').value
  expect(JSON.parse(text)).toMatchObject({ seed: 5, retrain: { epochs: 9 } })
  expect(screen.getByTestId('kept-settings')).toHaveTextContent('Kept of your settings: seed.')
})
