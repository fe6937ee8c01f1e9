import { Alert, Button, Group, Text } from '@mantine/core'
import { useEffect, useState, useSyncExternalStore } from 'react'
import type { PreviousUpload } from 'tus-js-client'
import { formatBytes } from '@/lib/format'
import { uploads } from '@/lib/uploads/store'
import { findUnfinished, forget, type UploadKind } from '@/lib/uploads/tus'

/** Says which uploads an earlier visit left half done: choosing the same file again continues them. */
export function UnfinishedUploads({ kind }: { kind: UploadKind }) {
  const active = useSyncExternalStore(uploads.subscribe, uploads.snapshot)
  const [left, setLeft] = useState<PreviousUpload[]>([])
  const count = active.length
  useEffect(() => {
    let isStale = false
    void findUnfinished(kind).then((found) => isStale || setLeft(found))
    return () => {
      isStale = true
    }
  }, [kind, count])
  const waiting = left.filter((upload) => !active.some((entry) => entry.fileName === upload.metadata.filename))
  return waiting.map((upload) => (
    <Alert key={upload.urlStorageKey} variant="light" color="yellow" data-testid="unfinished-upload">
      <Group justify="space-between" gap="sm">
        <Text size="sm">
          The upload of <b>{upload.metadata.filename}</b> ({formatBytes(upload.size)}) was interrupted. Choose the same file
          again to continue where it stopped.
        </Text>
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          onClick={() => {
            setLeft(left.filter((other) => other !== upload))
            void forget(upload)
          }}
        >
          Forget it
        </Button>
      </Group>
    </Alert>
  ))
}
