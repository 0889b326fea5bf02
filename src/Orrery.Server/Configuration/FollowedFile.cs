using Microsoft.Extensions.Logging;

namespace Orrery.Server.Authentication.Oidc;

/// <summary>
/// The file of <c>--authentication-config</c>: read at start, and again when it changes. One that cannot be read, or makes no sense,
/// leaves things as they were and is logged.
/// </summary>
internal sealed class AuthenticationFile : IDisposable
{
    /// <summary>Looking at a file of some kilobytes costs next to nothing; upstream looks each minute beside being told by the system.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly string path;
    private readonly TokenProviders providers;
    private readonly ILogger log;
    private readonly ITimer timer;
    private string seen;

    /// <exception cref="FormatException">It makes no sense at start.</exception>
    /// <exception cref="IOException">It cannot be read at start.</exception>
    public AuthenticationFile(string path, TokenProviders providers, TimeProvider time, ILogger<AuthenticationFile> log)
    {
        this.path = path;
        this.providers = providers;
        this.log = log;
        seen = File.ReadAllText(path);
        providers.Configure(seen);
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
                providers.Configure(now);
                log.AuthenticationReloaded(path);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or FormatException)
            {
                log.AuthenticationNotReloaded(path, fault.Message);
            }
        }
    }
}
