using Microsoft.Extensions.Logging;
using Orrery.Storage;

namespace Orrery.Server.Encryption;

/// <summary>After each start, brings stored values to the first key of the configuration: rotating is to put a new key first and to start again.</summary>
internal sealed class EncryptionRotation(EncryptedStore store, TimeProvider time, ILogger<EncryptionRotation> log)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                Rewriting done = await store.RewriteAsync(cancellationToken);
                foreach ((string key, string problem) in done.Unread)
                {
                    log.NotRewritten(key, problem);
                }

                if (done.Unread.Count > 0)
                {
                    log.RewrittenBut(done.Written, done.Unread.Count);
                }
                else if (done.Written > 0)
                {
                    log.Rewritten(done.Written);
                }

                return;
            }
            catch (StoreException fault)
            {
                log.RewriteFailed(fault, (int)RetryAfter.TotalSeconds);
                await Task.Delay(RetryAfter, time, cancellationToken);
            }
        }
    }
}
