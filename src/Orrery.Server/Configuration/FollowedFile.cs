using Microsoft.Extensions.Logging;

namespace Orrery.Server.Configuration;

/// <summary>
/// A configuration that may change while the server runs: read at start, and again when it changes. One that cannot be read, or makes no sense,
/// leaves things as they were and is logged.
/// </summary>
internal sealed class FollowedFile : IDisposable
{
    /// <summary>Looking at a file of some kilobytes costs next to nothing; upstream looks each minute beside being told by the system.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly string path;
    private readonly Action<string> configure;
    private readonly ILogger log;
    private readonly ITimer timer;
    private string seen;

    /// <param name="configure">Takes what the file says; throws a <see cref="FormatException"/> where it makes no sense.</param>
    /// <exception cref="FormatException">It makes no sense at start.</exception>
    /// <exception cref="IOException">It cannot be read at start.</exception>
    public FollowedFile(string path, Action<string> configure, TimeProvider time, ILogger<FollowedFile> log)
    {
        this.path = path;
        this.configure = configure;
        this.log = log;
        seen = File.ReadAllText(path);
        configure(seen);
        timer = time.CreateTimer(_ => Reload(), null, Look, Look);
    }

    public void Dispose() => timer.Dispose();

    private void Reload()
    {
        lock (timer)
        {
            try
            {
                string now = File.ReadAllText(path);
                if (now == seen)
                {
                    return;
                }

                seen = now;
                configure(now);
                log.Reloaded(path);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or FormatException)
            {
                log.NotReloaded(path, fault.Message);
            }
        }
    }
}
