import { QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiError } from '@/lib/api/error'
import { sessionKey } from './keys'

const MAX_TRIES = 2

/** One cache for the page. A refused session anywhere sends the viewer to the log-in page. */
export function createQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        const isRefused = error instanceof ApiError && error.status === 401
        if (isRefused && query.queryKey[0] !== sessionKey[0]) void client.resetQueries({ queryKey: sessionKey })
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 5000,
        retry: (count, error) => !(error instanceof ApiError && error.status > 0) && count < MAX_TRIES,
      },
    },
  })
  return client
}
