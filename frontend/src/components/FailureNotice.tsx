import { Alert, Code, Stack } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { Failure } from '@/lib/api/types'
import { Prose } from './Prose'

/** Why something ended without a result: what happened, what to do about it, and the stable code. */
export function FailureNotice({ failure }: { failure: Failure }) {
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} role="alert" data-testid="failure">
      <Stack gap="sm" miw={0}>
        <Prose text={failure.detail} />
        {failure.hint && <Prose text={failure.hint} />}
        <Code style={{ alignSelf: 'flex-start' }}>{failure.code}</Code>
      </Stack>
    </Alert>
  )
}
