import { Center, Loader } from '@mantine/core'
import type { ReactNode } from 'react'
import { Navigate, useLocation } from 'react-router'
import { ErrorNotice } from '@/components/ErrorNotice'
import { ApiError } from '@/lib/api/error'
import { useSession } from '@/lib/queries/useSession'

/** Shows the application to those who are logged in, and the log-in page to all others. */
export function SessionGate({ children }: { children: ReactNode }) {
  const session = useSession()
  const { pathname, search } = useLocation()
  if (session.data) return children
  const isRefused = session.error instanceof ApiError && session.error.status === 401
  const code = new URLSearchParams(search).get('code')
  if (isRefused || code) {
    const query = new URLSearchParams(code ? { code } : { next: pathname + search })
    return <Navigate to={`/login?${query.toString()}`} replace />
  }
  return (
    <Center mih="100vh" p="md">
      {session.isError ? (
        <ErrorNotice error={session.error} onRetry={() => void session.refetch()} />
      ) : (
        <Loader type="dots" aria-label="Loading" />
      )}
    </Center>
  )
}
