using Orrery.Simulation;

return Commands.Run(args, Console.Out);
