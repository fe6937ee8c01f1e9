import { Alert, Code, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { Failure } from '@/lib/api/types'
import { Sentence } from './Sentence'

/** Why something ended without a result: the sentence, the hint, and the stable code. */
export function FailureNotice({ failure }: { failure: Failure }) {
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} role="alert" data-testid="failure">
      <Text size="sm" style={{ whiteSpace: 'pre-line', overflowWrap: 'anywhere' }}>
        <Sentence text={failure.detail} />
      </Text>
      {failure.hint && (
        <Text size="sm" mt={4} style={{ whiteSpace: 'pre-line', overflowWrap: 'anywhere' }}>
          <Sentence text={failure.hint} />
        </Text>
      )}
      <Code mt="xs" display="inline-block">
        {failure.code}
      </Code>
    </Alert>
  )
}
