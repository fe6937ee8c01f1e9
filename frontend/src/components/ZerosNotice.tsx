import { Alert } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'

/** What everybody should know who takes a network whose single weights are zero; nothing for other networks. */
export function ZerosNotice({ notice }: { notice: string | null | undefined }) {
  if (!notice) return null
  return (
    <Alert mt="md" variant="light" color="yellow" icon={<IconInfoCircle size={18} />} data-testid="zeros-notice">
      {notice}
    </Alert>
  )
}
