import { Alert, Button, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { IconKey } from '@tabler/icons-react'
import { useState, type SyntheticEvent } from 'react'
import { CodeBlock } from '@/components/CodeBlock'
import { ErrorNotice } from '@/components/ErrorNotice'
import type { NewApiToken } from '@/lib/api/types'
import { useCreateApiToken } from '@/lib/queries/useCreateApiToken'

const LIFETIMES = [
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '1 year' },
]
const USUAL = '90'

/** Makes a token, and shows its secret this once. */
export function NewToken() {
  const [name, setName] = useState('')
  const [days, setDays] = useState(USUAL)
  const create = useCreateApiToken()
  const send = (event: SyntheticEvent) => {
    event.preventDefault()
    create.mutate({ name: name.trim(), days: Number(days) }, { onSuccess: () => setName('') })
  }
  return (
    <Stack mb="lg">
      <form onSubmit={send}>
        <Group align="flex-end" gap="sm">
          <TextInput
            label="Name"
            placeholder="What it is for, such as: training server"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={100}
            flex="1 1 220px"
          />
          <Select
            label="Good for"
            data={LIFETIMES}
            value={days}
            onChange={(next) => setDays(next ?? USUAL)}
            allowDeselect={false}
            w={130}
          />
          <Button type="submit" loading={create.isPending} disabled={name.trim() === ''}>
            Make a token
          </Button>
        </Group>
      </form>
      {create.isError && <ErrorNotice error={create.error} />}
      {create.data && <Secret token={create.data} onClose={create.reset} />}
    </Stack>
  )
}

function Secret({ token, onClose }: { token: NewApiToken; onClose: () => void }) {
  const push = `SECATEUR_TOKEN=${token.secret} secateur push net.pt2 --url ${window.location.origin}`
  return (
    <Alert
      color="leaf"
      variant="light"
      icon={<IconKey size={18} />}
      title={`Copy the token ${token.name} now: it is not shown again`}
      withCloseButton
      closeButtonLabel="I have copied it"
      onClose={onClose}
      data-testid="new-token"
    >
      <Stack gap="sm">
        <CodeBlock code={token.secret} label="the token" testId="token-secret" />
        <Text size="sm">Upload a network with it, from any machine that reaches this server:</Text>
        <CodeBlock code={push} label="the command" />
      </Stack>
    </Alert>
  )
}
