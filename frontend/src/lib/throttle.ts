/** Calls `action` at once and then at most every `intervalMs`; the last call is never lost. */
export function throttle(action: () => void, intervalMs: number): { call: () => void; cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isWaiting = false
  const run = () => {
    isWaiting = false
    action()
    timer = setTimeout(() => {
      timer = undefined
      if (isWaiting) run()
    }, intervalMs)
  }
  return {
    call: () => {
      if (timer === undefined) run()
      else isWaiting = true
    },
    cancel: () => {
      clearTimeout(timer)
      timer = undefined
      isWaiting = false
    },
  }
}
