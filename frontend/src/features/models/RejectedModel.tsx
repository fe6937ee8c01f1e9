import { Panel } from '@/components/Panel'
import { FailureNotice } from '@/components/FailureNotice'
import type { Model } from '@/lib/api/types'

/** Why a file could not become a model; where no architecture fits, the sentence names the nearest and what differs. */
export function RejectedModel({ model }: { model: Model }) {
  return (
    <Panel title="This file was not accepted" testId="rejected">
      {model.error && <FailureNotice failure={model.error} />}
    </Panel>
  )
}
