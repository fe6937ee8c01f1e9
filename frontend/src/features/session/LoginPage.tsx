import { Button, Card, Center, Code, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'
import { useNavigate } from 'react-router'
import { ErrorNotice } from '@/components/ErrorNotice'
import { Logo } from '@/components/Logo'
import { useLogin } from '@/lib/queries/useLogin'
import { takeCode, takeNext } from './address'

/** Trades the one-time code for a session: by itself when the address carries one, else by hand. */
export function LoginPage({ home }: { home: string }) {
  useDocumentTitle('Log in · Secateur')
  const navigate = useNavigate()
  const [next] = useState(() => takeNext(home))
  const [code, setCode] = useState('')
  const login = useLogin(() => void navigate(next, { replace: true }))
  const isTaken = useRef(false)
  useEffect(() => {
    if (isTaken.current) return
    isTaken.current = true
    const found = takeCode()
    if (found) login.mutate(found)
  }, [login])
  return (
    <Center component="main" mih="100vh" p="md">
      <Card w="100%" maw={400} padding="xl">
        <form
          onSubmit={(event) => {
            event.preventDefault()
            login.mutate(code.trim())
          }}
        >
          <Stack>
            <Logo size={36} />
            <Title order={1}>Log in to Secateur</Title>
            <Text size="sm" c="dimmed">
              Open the address that <Code>secateur up</Code> printed, or paste its one-time code here.{' '}
              <Code>secateur login-url</Code> makes a new one.
            </Text>
            {login.isError && <ErrorNotice error={login.error} />}
            <TextInput
              label="One-time code"
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
              autoComplete="one-time-code"
              required
            />
            <Button type="submit" loading={login.isPending} disabled={code.trim() === ''}>
              Log in
            </Button>
          </Stack>
        </form>
      </Card>
    </Center>
  )
}
