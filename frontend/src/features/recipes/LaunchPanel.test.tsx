import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { Notices } from './LaunchPanel'

function show(sentences: string[]) {
  render(
    <MantineProvider env="test">
      <Notices sentences={sentences} />
    </MantineProvider>,
  )
}

test('what does nothing with a model is told, names as names, and is no alarm', () => {
  show(['retrain.parts `in_turn` does nothing with this network.'])
  expect(screen.getByTestId('recipe-notices')).toHaveTextContent('retrain.parts in_turn does nothing')
  expect(screen.getByText('in_turn').tagName).toBe('CODE')
  expect(screen.queryByRole('alert')).not.toBeInTheDocument()
})

test('where there is nothing to tell no list is shown', () => {
  show([])
  expect(screen.queryByTestId('recipe-notices')).not.toBeInTheDocument()
})
