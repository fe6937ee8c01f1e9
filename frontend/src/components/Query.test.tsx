import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import { ApiError } from '@/lib/api/error'
import { Query } from './Query'

function View({ load }: { load: () => Promise<string[]> }) {
  const query = useQuery({ queryKey: ['words'], queryFn: load, retry: false })
  return (
    <Query query={query} isEmpty={(words) => words.length === 0} empty="Nothing yet">
      {(words) => words.join(' ')}
    </Query>
  )
}

function show(load: () => Promise<string[]>) {
  render(
    <MantineProvider>
      <QueryClientProvider client={new QueryClient()}>
        <View load={load} />
      </QueryClientProvider>
    </MantineProvider>,
  )
}

test('data is shown after a pending face', async () => {
  show(() => Promise.resolve(['thick', 'thin']))
  expect(screen.getByRole('status')).toBeInTheDocument()
  expect(await screen.findByText('thick thin')).toBeInTheDocument()
})

test('no data shows the empty face', async () => {
  show(() => Promise.resolve([]))
  expect(await screen.findByText('Nothing yet')).toBeInTheDocument()
})

test('an error shows its sentence and hint, and can be tried again', async () => {
  const load = vi.fn<() => Promise<string[]>>()
  load.mockRejectedValueOnce(new ApiError(409, 'conflict', 'The model is still being read.', null, 'Wait a moment.'))
  load.mockResolvedValueOnce(['back'])
  show(load)
  expect(await screen.findByRole('alert')).toHaveTextContent('The model is still being read.Wait a moment.conflict')
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByText('back')).toBeInTheDocument()
})
