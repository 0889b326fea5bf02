using Microsoft.Extensions.Logging;

namespace Orrery.Server.Audit;

/// <summary>
/// Appends lines to the audit file, those that came together at once: whoever finds nobody writing does it itself, for others too, as handing a line over costs several times what
/// writing it does. What waits is bounded: where the disk cannot keep up, requests wait, and nothing is dropped. Disposing writes out all that was taken.
/// </summary>
internal sealed class AuditFile : IAsyncDisposable
{
    private const int MaxWaiting = 4096;

    private readonly RotatedFile file;
    private readonly Lock gate = new();

    /// <summary>Lines that nobody writes yet, in their order, and who waits for them.</summary>
    private List<byte[]> lines = [];
    private List<TaskCompletionSource> waiting = [];

    /// <summary>Those that are being written: whoever writes has them.</summary>
    private List<byte[]> taken = [];
    private List<TaskCompletionSource> theirs = [];
    private bool isWriting;
    private TaskCompletionSource? idle;
    private bool isDisposed;

    /// <exception cref="IOException">The file cannot be opened.</exception>
    public AuditFile(AuditOptions options, TimeProvider time, ILogger<AuditFile> log) => file = new RotatedFile(options, time, log);

    /// <summary>Takes a line, which will stand before those that are taken later.</summary>
    /// <param name="line">One event, without a line end.</param>
    public ValueTask AppendAsync(byte[] line, CancellationToken cancellationToken) => TakeAsync(line, waits: false, cancellationToken);

    /// <summary>
    /// Takes a line and waits until the system has it, so that a process that is killed does not lose it; or until it could not be written,
    /// which the log says.
    /// </summary>
    /// <param name="line">One event, without a line end.</param>
    public ValueTask WriteAsync(byte[] line, CancellationToken cancellationToken) => TakeAsync(line, waits: true, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        Task last = Task.CompletedTask;
        lock (gate)
        {
            isDisposed = true;
            if (isWriting)
            {
                idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                last = idle.Task;
            }
        }

        await last;
        file.Dispose();
    }

    private ValueTask TakeAsync(byte[] line, bool waits, CancellationToken cancellationToken)
    {
        TaskCompletionSource? written = null;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            lines.Add(line);
            if (isWriting)
            {
                if (!waits && lines.Count <= MaxWaiting)
                {
                    return ValueTask.CompletedTask;
                }

                waiting.Add(written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }
            else
            {
                isWriting = true;
            }
        }

        if (written is not null)
        {
            return new ValueTask(written.Task.WaitAsync(cancellationToken));
        }

        if (WriteTaken())
        {
            // What came meanwhile is for others to wait for, not for the request that came first.
            ThreadPool.UnsafeQueueUserWorkItem(static file => file.WriteAll(), this, preferLocal: false);
        }

        return ValueTask.CompletedTask;
    }

    private void WriteAll()
    {
        while (WriteTaken())
        {
        }
    }

    /// <returns>Whether more came meanwhile, which is the caller's to write.</returns>
    private bool WriteTaken()
    {
        lock (gate)
        {
            (lines, taken) = (taken, lines);
            (waiting, theirs) = (theirs, waiting);
        }

        file.Write(taken);
        theirs.ForEach(written => written.SetResult());
        taken.Clear();
        theirs.Clear();
        lock (gate)
        {
            isWriting = lines.Count > 0;
            if (!isWriting)
            {
                idle?.SetResult();
            }

            return isWriting;
        }
    }
}
