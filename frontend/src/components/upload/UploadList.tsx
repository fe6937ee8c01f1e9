import { Button, Card, Group, Progress, Stack, Text } from '@mantine/core'
import { useSyncExternalStore } from 'react'
import { ErrorNotice } from '@/components/ErrorNotice'
import { formatBytes } from '@/lib/format'
import { uploads, type UploadEntry } from '@/lib/uploads/store'
import type { UploadKind } from '@/lib/uploads/tus'

/** Uploads of one kind that are under way, or failed and not yet dismissed. */
export function UploadList({ kind }: { kind: UploadKind }) {
  const entries = useSyncExternalStore(uploads.subscribe, uploads.snapshot).filter((entry) => entry.kind === kind)
  return entries.map((entry) => <UploadRow key={entry.key} entry={entry} />)
}

function UploadRow({ entry }: { entry: UploadEntry }) {
  const percent = entry.total ? (entry.sent / entry.total) * 100 : 100
  const speed = entry.bytesPerSecond === null ? '' : ` · ${formatBytes(entry.bytesPerSecond)}/s`
  return (
    <Card padding="sm" data-testid="upload">
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm" fw={500} truncate>
            {entry.fileName}
          </Text>
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => void uploads.cancel(entry.key)}>
            {entry.error ? 'Dismiss' : 'Cancel'}
          </Button>
        </Group>
        {entry.error ? (
          <ErrorNotice error={entry.error} />
        ) : (
          <>
            <Progress value={percent} size="sm" aria-label={`Upload of ${entry.fileName}`} />
            <Text size="xs" c="dimmed" className="numbers">
              {formatBytes(entry.sent)} of {formatBytes(entry.total)}
              {speed}
            </Text>
          </>
        )}
      </Stack>
    </Card>
  )
}
