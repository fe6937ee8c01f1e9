import { Center, Loader } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ErrorNotice } from './ErrorNotice'

interface Props<Data> {
  query: UseQueryResult<Data>
  children: (data: Data) => ReactNode
  isEmpty?: (data: Data) => boolean
  empty?: ReactNode
  height?: number
}

/** The four faces of a view: pending, error, empty, ready. Data that is being refetched stays on screen. */
export function Query<Data>({ query, children, isEmpty, empty, height = 160 }: Props<Data>) {
  if (query.data !== undefined) return isEmpty?.(query.data) ? empty : children(query.data)
  if (query.isError) return <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />
  return <Waiting height={height} />
}

/** Something is on its way. */
export function Waiting({ height }: { height: number }) {
  return (
    <Center h={height} role="status" aria-label="Loading">
      <Loader size="sm" type="dots" />
    </Center>
  )
}
