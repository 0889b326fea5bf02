using System.Reflection;
using Microsoft.AspNetCore.Hosting.Server;

namespace Orrery.Server.Transport;

/// <summary>
/// Keeps the framework from passing by all of its connections every second. Whoever wants to look at one now and then is known to <see cref="ConnectionLooks"/> and not to the framework, which finds at each that nobody
/// does: ten times for each heartbeat of a satellite that is connected. It has no setting for that. Where its inside is another it goes on, and nothing else differs.
/// </summary>
internal static class FrameworkLooks
{
    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <param name="server">The framework's own, which has not begun.</param>
    /// <returns>Passes by all of them once: that is also how the framework finds those that were lost, so it is to be done now and then. Null where the framework goes on by itself.</returns>
    public static Action? Take(IServer server)
    {
        object? inside = server.GetType().GetProperty("ServiceContext", Any)?.GetValue(server);
        object? timer = inside?.GetType().GetProperty("Heartbeat", Any)?.GetValue(inside);
        object? connections = inside?.GetType().GetProperty("ConnectionManager", Any)?.GetValue(inside);
        if (timer?.GetType().GetField("_callbacks", Any) is not { } field || field.GetValue(timer) is not Array told || Array.IndexOf(told, connections) is var place && place < 0
            || connections!.GetType().GetMethod("OnHeartbeat", Any, []) is not { } look || look.ReturnType != typeof(void))
        {
            return null;
        }

        var others = Array.CreateInstance(told.GetType().GetElementType()!, told.Length - 1);
        Array.Copy(told, others, place);
        Array.Copy(told, place + 1, others, place, others.Length - place);
        field.SetValue(timer, others);
        return look.CreateDelegate<Action>(connections);
    }
}
