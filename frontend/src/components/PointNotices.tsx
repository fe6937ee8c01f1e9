import { Alert } from '@mantine/core'
import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react'
import type { PointEntry } from '@/lib/api/types'
import { Sentence } from './Sentence'

interface Props {
  entry: Pick<PointEntry, 'notice' | 'dead_notice' | 'collapse_notice'> | undefined
}

/** What everybody should know who takes this network: that it only guesses, which dead channels it lost, and that zeros save no time. */
export function PointNotices({ entry }: Props) {
  return (
    <>
      {entry?.collapse_notice && <Notice text={entry.collapse_notice} color="orange" testId="collapse-notice" />}
      {entry?.dead_notice && <Notice text={entry.dead_notice} color="blue" testId="dead-notice" />}
      {entry?.notice && <Notice text={entry.notice} color="yellow" testId="zeros-notice" />}
    </>
  )
}

function Notice({ text, color, testId }: { text: string; color: string; testId: string }) {
  const Icon = color === 'orange' ? IconAlertTriangle : IconInfoCircle
  return (
    <Alert mt="md" variant="light" color={color} icon={<Icon size={18} />} data-testid={testId}>
      <Sentence text={text} />
    </Alert>
  )
}
