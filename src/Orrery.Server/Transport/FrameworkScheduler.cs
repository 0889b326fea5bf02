using System.IO.Pipelines;
using System.Reflection;
using Microsoft.AspNetCore.Hosting.Server;

namespace Orrery.Server.Transport;

/// <summary>
/// Says where the framework goes on with what has come in: by itself it hands the frames of a connection to the pool, and what a request reads out of them once more, which for a heartbeat is most of the work. It has
/// no setting for that. Where its inside is another it goes on as before, and nothing else differs.
/// </summary>
internal static class FrameworkScheduler
{
    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <param name="server">The framework's own, which has not begun.</param>
    /// <param name="scheduler">For frames of HTTP/2, and for the bodies of requests. Requests themselves begin in the pool whatever it is.</param>
    /// <returns>Whether it is used.</returns>
    public static bool TrySet(IServer server, PipeScheduler scheduler)
    {
        object? inside = server.GetType().GetProperty("ServiceContext", Any)?.GetValue(server);
        if (inside?.GetType().GetProperty("Scheduler", Any) is not { CanWrite: true } property || property.PropertyType != typeof(PipeScheduler))
        {
            return false;
        }

        property.SetValue(inside, scheduler);
        return true;
    }
}
