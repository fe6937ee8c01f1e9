import { Alert, Button, Code, Group, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { asApiError } from '@/lib/api/error'
import { Sentence } from './Sentence'

interface Props {
  error: unknown
  onRetry?: (() => void) | undefined
}

/** What went wrong: the server's sentence, its hint, and its stable code in small print. */
export function ErrorNotice({ error, onRetry }: Props) {
  const { detail, hint, code } = asApiError(error)
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} role="alert" data-testid="error">
      <Text size="sm">
        <Sentence text={detail} />
      </Text>
      {hint && (
        <Text size="sm" mt={4}>
          <Sentence text={hint} />
        </Text>
      )}
      <Group mt="xs" gap="sm">
        <Code>{code}</Code>
        {onRetry && (
          <Button size="compact-xs" variant="light" color="red" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Group>
    </Alert>
  )
}
