import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import { MemoryRouter } from 'react-router'
import { expect, test } from 'vitest'
import type { Model } from '@/lib/api/types'
import { PruneButton } from './PruneButton'

function show(removable_channels: number, removable_weights: number) {
  const model = { id: 'm1', report: { removable_channels, removable_weights } } as Model
  render(
    <MantineProvider>
      <MemoryRouter>
        <PruneButton model={model} pins={['fc1']} />
      </MemoryRouter>
    </MantineProvider>,
  )
}

test('a model with channels to give leads to a run', () => {
  show(8, 100)
  expect(screen.getByRole('link', { name: 'Prune this model' })).toHaveAttribute('href', '/runs/new?model=m1&pin=fc1')
})

test('where no channel can go, single weights still may', () => {
  show(0, 100)
  const link = screen.getByRole('link', { name: 'Prune single weights' })
  expect(link).toHaveAttribute('href', '/runs/new?model=m1&preset=han2015-magnitude&pin=fc1')
})

test('where nothing can go there is no way to a run', () => {
  show(0, 0)
  expect(screen.queryByRole('link')).not.toBeInTheDocument()
  expect(screen.getByTestId('nothing-to-prune')).toHaveTextContent('every layer is locked')
})
