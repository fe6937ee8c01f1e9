import { Alert } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import type { PointEntry } from '@/lib/api/types'
import { Sentence } from './Sentence'

interface Props {
  entry: Pick<PointEntry, 'notice' | 'dead_notice'> | undefined
}

/** What everybody should know who takes this network: which dead channels it lost, and that zeros save no time. */
export function PointNotices({ entry }: Props) {
  return (
    <>
      {entry?.dead_notice && <Notice text={entry.dead_notice} color="blue" testId="dead-notice" />}
      {entry?.notice && <Notice text={entry.notice} color="yellow" testId="zeros-notice" />}
    </>
  )
}

function Notice({ text, color, testId }: { text: string; color: string; testId: string }) {
  return (
    <Alert mt="md" variant="light" color={color} icon={<IconInfoCircle size={18} />} data-testid={testId}>
      <Sentence text={text} />
    </Alert>
  )
}
