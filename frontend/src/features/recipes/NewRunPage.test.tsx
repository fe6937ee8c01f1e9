import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import { MemoryRouter } from 'react-router'
import { expect, test } from 'vitest'
import type { Dataset, ModelEntry } from '@/lib/api/types'
import { datasetsKey, modelsKey, presetsKey, recipeSchemaKey, runKey } from '@/lib/queries/keys'
import { NewRunPage } from './NewRunPage'

const RECIPE = { seed: 5 }
const RUN = { id: 'r1', state: 'completed', name: 'first try', recipe: RECIPE, model_id: 'm1', dataset_id: 'd1' }

function show(address: string) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } })
  client.setQueryData(runKey('r1'), RUN)
  client.setQueryData(modelsKey, ['m1', 'm2'].map((id) => ({ id, name: `model ${id}`, state: 'ready' }) as ModelEntry))
  client.setQueryData(datasetsKey, [{ id: 'd1', title: 'data d1', state: 'ready' } as Dataset])
  client.setQueryData(presetsKey, [])
  client.setQueryData(recipeSchemaKey, { type: 'object', properties: {} })
  for (const model of ['m1', 'm2']) client.setQueryData(['recipe-check', RECIPE, model, 'd1'], { problems: [], notices: [] })
  render(
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
