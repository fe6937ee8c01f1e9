import { act, renderHook } from '@testing-library/react'
import type { ReactNode } from 'react'
import { MemoryRouter } from 'react-router'
import { expect, test } from 'vitest'
import { useLayerView } from './useLayerView'

test('a change that comes before the one before it is drawn loses nothing', () => {
  const wrapper = ({ children }: { children: ReactNode }) => <MemoryRouter initialEntries={['/?show=locked']}>{children}</MemoryRouter>
  const { result } = renderHook(useLayerView, { wrapper })
  act(() => {
    result.current.setShown('all')
    result.current.setWords('fc2')
  })
  expect([result.current.shown, result.current.words]).toEqual(['all', 'fc2'])
})
