import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import { MemoryRouter, Route, Routes } from 'react-router'
import { expect, test } from 'vitest'
import { modelKey } from '@/lib/queries/keys'
import { ModelPage } from './ModelPage'

test.each([
  ['failed', 1],
  ['rejected', 0],
])('a model that is %s says why and offers %i ways to try again', (state, count) => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } })
  const error = { code: 'disk_full', detail: 'The disk is full.', hint: 'Free some space.' }
  client.setQueryData(modelKey('m1'), { id: 'm1', name: 'net', file_name: 'net.pt', state, error })
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <MemoryRouter initialEntries={['/models/m1']}>
          <Routes>
            <Route path="/models/:id" element={<ModelPage />} />
          </Routes>
        </MemoryRouter>
      </QueryClientProvider>
    </MantineProvider>,
  )
  expect(screen.getByTestId('failure')).toHaveTextContent('The disk is full.')
  expect(screen.queryAllByRole('button', { name: 'Try again' })).toHaveLength(count)
})
