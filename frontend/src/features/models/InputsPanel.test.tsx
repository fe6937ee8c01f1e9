import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { InputsPanel } from './InputsPanel'

test('an input that the network never uses says so, and is saved all the same', () => {
  const inputs = [
    { name: 'image', shape: [8, 8], type: 'float32' },
    { name: 'mask', shape: [4], type: 'bool', is_used: false },
  ]
  render(
    <MantineProvider env="test">
      <InputsPanel inputs={inputs} />
    </MantineProvider>,
  )
  const [image, mask] = screen.getAllByTestId('input-row')
  expect(mask).toHaveTextContent('bool; not used')
  expect(image).not.toHaveTextContent('not used')
  expect(screen.getByTestId('inputs')).toHaveTextContent('x_train_mask=..., x_test_mask=...')
})
